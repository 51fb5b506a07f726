"""What publishes a trained model: its export with a model card, and a client that asks it under a budget."""
