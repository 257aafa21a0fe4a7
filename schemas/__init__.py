"""What is said on the bus: documents, statuses, receipts, dockets, agencies, and the code lists they use.

Pure: nothing here reads a file, a clock or a socket, and nothing here imports the rest of the project.
"""
