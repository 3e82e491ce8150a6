"""Day-2 work over many boxes: in waves, by pyinfra over ssh, until one is not well."""
