"""What the operating system has to do: whole files, devices, memory, the machine."""
