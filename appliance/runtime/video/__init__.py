"""Video and the room for it: what is kept, how long, where, and what goes when its time is over."""
