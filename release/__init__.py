"""What is shipped, and what is in it: pins, licences, the bill of materials, known vulnerabilities, the wheel."""
