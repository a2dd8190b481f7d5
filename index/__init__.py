"""Articles, sentences, passages, embeddings, Chroma, the lexical index and retrieval."""
