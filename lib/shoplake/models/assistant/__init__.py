"""The customer-service assistant: what a message asks for, and past answers to it."""
