"""What a role may do: its policies evaluated call by call, as AWS evaluates them."""
