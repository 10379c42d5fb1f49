"""``python -m ecg.captions.schema`` writes the schema files anew."""

from ecg.captions.schema import DOCUMENTS, FOLDER, schema_text

for name in DOCUMENTS:
    path = FOLDER / f"{name}.json"
    path.write_text(schema_text(name))
    print(path)
