"""Who responds to what is shown: calibrated probabilities, audiences and bids."""
