"""Pictures. They take results and draw them; they compute nothing."""
