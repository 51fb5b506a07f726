"""Every direct call of TransferQueue, the store in which verl's V1 trainers keep a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import transfer_queue
from tensordict import TensorDict
from transfer_queue import KVBatchMeta


def read(batch: KVBatchMeta, columns: Sequence[str], keys: Sequence[str] | None = None) -> dict[str, Any]:
    """Columns of a batch.

    Args:
        batch: what verl's trainers hand from step to step.
        columns: names of the columns.
        keys: rows to read; by default all of the batch.
    """
    rows = list(batch.keys if keys is None else keys)
    data = transfer_queue.kv_batch_get(keys=rows, partition_id=batch.partition_id, select_fields=list(columns))
    return {name: data[name] for name in columns}


def write(batch: KVBatchMeta, **columns: torch.Tensor) -> None:
    """Puts columns, one row for each row of the batch, into the store."""
    fields = TensorDict(columns, batch_size=len(batch.keys))
    transfer_queue.kv_batch_put(keys=batch.keys, partition_id=batch.partition_id, fields=fields)
