"""What a person does next, Y = f(X): buy again, lapse, spend."""
