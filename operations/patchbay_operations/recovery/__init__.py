"""After an update that was killed: what it was creating is found in AWS and taken into the stack, or forgotten.

The engine writes down what it begins to create before it calls AWS, and the id only after AWS has answered. Killed in
between, it knows that something may exist, but not what. Every resource of the program has a fixed name, a unique
`Name` tag, or an identity that follows from its inputs, so AWS can be asked.
"""
