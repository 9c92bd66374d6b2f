"""What files hold: tables, arrays and images, whatever set they are of."""
