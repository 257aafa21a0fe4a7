"""Every statement over the tables that the road or an operator's command asks, each with a name and a sentence."""
