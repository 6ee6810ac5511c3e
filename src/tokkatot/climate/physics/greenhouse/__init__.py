"""A greenhouse with tomatoes: Vanthoor's climate and crop, Katzin's lamps and second screen."""
