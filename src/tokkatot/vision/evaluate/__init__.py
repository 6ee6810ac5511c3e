"""How good the models are, told so that nobody is deceived."""
