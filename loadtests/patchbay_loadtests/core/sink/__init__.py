"""The sink: the receiving end of the order flow, which answers when it is told to."""
