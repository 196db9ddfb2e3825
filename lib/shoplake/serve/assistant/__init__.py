"""The customer-service assistant: a door to facts, answers from them, and checks of both."""
