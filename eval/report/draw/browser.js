// The samples of the report: filter, sort, search, one problem across budgets and runs, two runs against each other,
// csv, a link to each. Text of models goes in as text nodes only.
"use strict";
const PAGE = 50;

const unpack = async id => {
  const bytes = Uint8Array.from(atob(document.getElementById(id).textContent.trim()), c => c.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
};
const make = (tag, content = "", attributes = {}) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...[content].flat());
  return element;
};
const shown = value => value === null || value === undefined ? "–" : value.toLocaleString("en");

class Samples {
  constructor(data) {
    Object.assign(this, data);
    this.all = data.samples.run.map((_, i) => i);
    this.byId = new Map(this.all.map(i => [this.key(i), i]));
    this.byProblem = Map.groupBy ? Map.groupBy(this.all, i => data.samples.problem[i]) : this.grouped();
  }
  grouped() {
    const groups = new Map();
    for (const i of this.all) {
      const problem = this.samples.problem[i];
      groups.has(problem) ? groups.get(problem).push(i) : groups.set(problem, [i]);
    }
    return groups;
  }
  get(name, i) { return this.samples[name][i]; }
  key(i) { return `${this.get("run", i)} ${this.get("id", i)}`; }
  run(i) { return this.runs[this.get("run", i)]; }
  benchmark(i) { return this.benchmarks[this.get("benchmark", i)]; }
  asked(i) { return this.get("asked", i); }
  // What two runs were asked alike: the same number, exact or max; the same range or level.
  alike(i) { return /^(range|level) /.test(this.asked(i)) ? this.asked(i) : this.get("budget", i); }
  text(i) { return this.texts[this.key(i)]; }
  problem(i) { return this.problems[this.get("problem", i)]; }
  // Relative to the budget, of a range to its nearest number; a budget of 0 has none.
  error(i) {
    const used = this.get("counted", i), target = this.get("target", i);
    return used === null || !target ? null : (used - target) / target;
  }
  over(i) {
    const used = this.get("counted", i), target = this.get("target", i);
    return used !== null && target !== null && used > target;
  }
  verdict(i) {
    if (this.get("correct", i)) return "right";
    return { no_answer: "no answer", timeout: "timeout", gold_unparsable: "not gradable" }[this.get("status", i)] || "wrong";
  }
  // Share of right answers of a run to a problem under a budget; null where it was not asked.
  rate(run, like) {
    const found = this.byProblem.get(this.get("problem", like))
      .filter(i => this.get("run", i) === run && this.alike(i) === this.alike(like));
    return found.length ? found.filter(i => this.get("correct", i)).length / found.length : null;
  }
}

const VERDICTS = {
  "right": (s, i) => s.verdict(i) === "right",
  "wrong": (s, i) => s.verdict(i) === "wrong",
  "no answer": (s, i) => s.verdict(i) === "no answer",
  "timeout": (s, i) => s.verdict(i) === "timeout",
  "over budget": (s, i) => s.over(i),
  "truncated": (s, i) => s.get("truncated", i) === 1,
};
const ORDERS = {
  "as in the file": null,
  "largest length error": (s, i) => s.error(i) === null ? 1 : -Math.abs(s.error(i)),
  "most tokens": (s, i) => -(s.get("counted", i) ?? -1),
  "fewest tokens": (s, i) => s.get("counted", i) ?? Infinity,
};

class Browser {
  constructor(samples, root) {
    this.samples = samples;
    this.root = root;
    this.page = 0;
    const unique = read => [...new Set(samples.all.map(read))];
    this.choices = {
      run: this.select("run", samples.runs),
      benchmark: this.select("benchmark", samples.benchmarks),
      budget: this.select("budget", unique(i => samples.asked(i))),
      verdict: this.select("verdict", Object.keys(VERDICTS)),
      compared: this.select("compared", this.pairs(), "no comparison"),
      order: this.select("order", Object.keys(ORDERS).slice(1), "as in the file"),
    };
    this.search = make("input", "", { type: "search", placeholder: "text, answer or id", "aria-label": "search" });
    this.search.addEventListener("input", () => this.refresh());
    const csv = make("button", "csv", { type: "button", title: "download the samples that are listed" });
    csv.addEventListener("click", () => this.download());
    this.count = make("p", "", { class: "soft", "aria-live": "polite" });
    this.body = make("tbody");
    this.detail = make("div");
    this.pager = make("p", "", { class: "pager" });
    const head = ["id", "run", "benchmark", "budget", "tokens", "error", "verdict", "answer", "expected"];
    const table = make("table", [make("thead", make("tr", head.map(one => make("th", one, { scope: "col" })))), this.body]);
    root.replaceChildren(make("div", [...Object.values(this.choices), this.search, csv], { class: "controls" }), this.count,
      make("div", table, { class: "scroll", tabindex: 0 }), this.pager, this.detail);
    addEventListener("hashchange", () => this.follow());
    this.follow();
  }
  select(name, values, none = `any ${name}`) {
    const box = make("select", [make("option", none, { value: "" }), ...values.map(one => make("option", one))],
      { "aria-label": name });
    box.addEventListener("change", () => this.refresh());
    return box;
  }
  pairs() {
    const runs = this.samples.runs;
    return runs.flatMap((a, i) => runs.filter((_, j) => j !== i).map(b => `${b} better than ${a}`)).slice(0, 60);
  }
  chosen() {
    const s = this.samples, { run, benchmark, budget, verdict, compared, order } = this.choices;
    const text = this.search.value.trim().toLowerCase();
    let rows = s.all.filter(i =>
      (!run.value || s.run(i) === run.value) && (!benchmark.value || s.benchmark(i) === benchmark.value) &&
      (!budget.value || s.asked(i) === budget.value) && (!verdict.value || VERDICTS[verdict.value](s, i)) &&
      (!text || this.mentions(i, text)));
    if (compared.value) {
      const [better, worse] = compared.value.split(" better than ").map(name => s.runs.indexOf(name));
      rows = rows.filter(i => {
        if (s.get("run", i) !== better) return false;
        const [a, b] = [s.rate(better, i), s.rate(worse, i)];
        return b !== null && a > b;
      });
    }
    const by = ORDERS[order.value];
    return by ? rows.map(i => [by(s, i), i]).sort((a, b) => a[0] - b[0]).map(([, i]) => i) : rows;
  }
  mentions(i, text) {
    const s = this.samples, [problem, question] = s.problem(i);
    return [s.get("id", i), problem, s.get("answer", i), question, s.get("gold", i), s.text(i)]
      .some(one => typeof one === "string" && one.toLowerCase().includes(text));
  }
  refresh() {
    history.replaceState(null, "", this.address());
    this.follow();
  }
  list() {
    const s = this.samples, first = this.page * PAGE;
    this.count.textContent = `${this.rows.length.toLocaleString("en")} of ${s.all.length.toLocaleString("en")} samples`;
    this.body.replaceChildren(...this.rows.slice(first, first + PAGE).map(i => this.row(i)));
    const step = (label, by, can) => {
      const button = make("button", label, { type: "button" });
      button.disabled = !can;
      button.addEventListener("click", () => { this.page += by; this.list(); });
      return button;
    };
    this.pager.replaceChildren(step("previous", -1, this.page > 0), step("next", 1, first + PAGE < this.rows.length));
  }
  row(i) {
    const s = this.samples, error = s.error(i), verdict = s.verdict(i);
    const cells = [
      make("a", s.get("id", i), { href: this.link(i) }), s.run(i), s.benchmark(i), s.asked(i), shown(s.get("counted", i)),
      error === null ? "–" : `${(100 * error).toFixed(1)} %`,
      make("span", verdict, { class: verdict === "right" ? "right" : "wrong" }), s.get("answer", i) ?? "–", s.get("gold", i),
    ];
    return make("tr", cells.map(cell => make("td", cell)));
  }
  // The address says what is chosen and which sample is open, so that a view can be passed on.
  address(sample) {
    const chosen = Object.entries(this.choices).map(([name, box]) => [name, box.value]);
    const all = [...chosen, ["search", this.search.value], ["sample", sample ?? ""]];
    return `#${new URLSearchParams(all.filter(([, value]) => value))}`;
  }
  link(i) { return this.address(this.samples.key(i)); }
  follow() {
    const asked = new URLSearchParams(location.hash.slice(1));
    for (const [name, box] of Object.entries(this.choices)) box.value = asked.get(name) ?? "";
    this.search.value = asked.get("search") ?? "";
    this.rows = this.chosen();
    this.page = 0;
    this.list();
    this.open(this.samples.byId.get(asked.get("sample")));
  }
  open(i) {
    if (i === undefined) return this.detail.replaceChildren();
    const s = this.samples, [problem, question] = s.problem(i), gold = s.get("gold", i);
    const same = s.byProblem.get(s.get("problem", i));
    this.detail.replaceChildren(
      make("h3", `${s.run(i)}, ${s.benchmark(i)}, ${s.asked(i)}, sample ${s.get("sample", i)}`),
      make("p", `Problem ${problem}. Read as ${s.get("answer", i) ?? "no answer"}, expected ${gold}: ${s.verdict(i)}.`),
      make("p", "Asked", { class: "soft" }), make("pre", question ?? "The text of this problem is not kept in the page."),
      make("p", "Answered", { class: "soft" }),
      make("pre", s.text(i) ?? `The text of this response is not kept in the page; it is sample ${s.get("id", i)} of the graded file.`),
      make("p", `This problem, all budgets and runs (${same.length})`, { class: "soft" }),
      make("div", make("table", make("tbody", same.slice(0, 200).map(one => this.row(one)))), { class: "scroll", tabindex: 0 }));
    this.detail.scrollIntoView({ block: "start" });
  }
  download() {
    const s = this.samples;
    const quoted = value => `"${String(value ?? "").replace(/^([=+\-@])/, "'$1").replaceAll('"', '""')}"`;
    const lines = [["id", "run", "benchmark", "problem", "budget", "tokens", "thinking", "error", "verdict", "answer", "expected"]];
    for (const i of this.rows) {
      lines.push([s.get("id", i), s.run(i), s.benchmark(i), s.problem(i)[0], s.asked(i), s.get("counted", i),
        s.get("thinking", i), s.error(i), s.verdict(i), s.get("answer", i), s.get("gold", i)]);
    }
    const file = new Blob([lines.map(line => line.map(quoted).join(",")).join("\r\n")], { type: "text/csv" });
    const link = make("a", "", { href: URL.createObjectURL(file), download: "samples.csv" });
    link.click();
    URL.revokeObjectURL(link.href);
  }
}

for (const link of document.querySelectorAll(".enlarge")) {
  link.addEventListener("click", event => {
    event.preventDefault();
    link.closest("figure").classList.toggle("enlarged");
  });
}
if (document.getElementById("packed")) unpack("packed").then(data => new Browser(new Samples(data), document.getElementById("browser")));
