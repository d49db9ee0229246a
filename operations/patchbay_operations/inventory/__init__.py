"""What an account holds, asked of every service that the program uses."""
