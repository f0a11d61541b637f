"""What the collector costs, beside floors and rivals, on the same data and machine. Run by `./dev bench`."""
