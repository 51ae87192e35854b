"""Known physics: formulas as safe expression trees, experts made of them, fits of their curves."""
