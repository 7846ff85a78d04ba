"""The pages of people who work leads for a partner."""
