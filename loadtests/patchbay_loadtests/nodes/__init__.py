"""The node proof: pods that fit on no node get one, headroom makes a burst wait for none, and all is given back."""
