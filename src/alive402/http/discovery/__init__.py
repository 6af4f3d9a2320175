"""What describes the service: catalog, OpenAPI, llms.txt, well-known files, pages, privacy."""
