"""`python -m patchbay_policies`: prints the table of rules."""

from patchbay_policies.table import page

if __name__ == "__main__":
    print(page(), end="")
