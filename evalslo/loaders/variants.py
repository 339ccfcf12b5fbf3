"""A suite's variants: what differs from its endpoint, by name.

A variant is merged as a JSON Merge Patch (RFC 7396): mappings key by key, null takes a key away, all else replaces. One that
names another kind than the endpoint's stands alone: the keys of one kind mean nothing to another.
"""

from collections.abc import Iterator

from evalslo.loaders.yaml_marks import Keys, Value


def variant_endpoint(endpoint: Value, variant: Value) -> Value:
    """The endpoint that a variant names."""
    if not isinstance(endpoint, dict) or not isinstance(variant, dict):
        return variant
    if variant.get("kind", endpoint.get("kind")) != endpoint.get("kind"):
        return variant
    return _merged(endpoint, variant)


def _merged(value: Value, patch: Value) -> Value:
    if not isinstance(patch, dict):
        return patch
    merged = dict(value) if isinstance(value, dict) else {}
    for key, new in patch.items():
        if new is None:
            merged.pop(key, None)
        else:
            merged[key] = _merged(merged.get(key), new)
    return merged


def check_variants(suite: Value) -> Iterator[tuple[Keys, str]]:
    """What is wrong with each variant as it would be called; faults that the endpoint has by itself are not told again."""
    # pydantic is loaded only where a suite is read
    from evalslo.loaders.schema_faults import check_endpoint

    variants = suite.get("variants") if isinstance(suite, dict) else None
    if not isinstance(suite, dict) or not isinstance(variants, dict):
        return
    endpoint = suite.get("endpoint")
    own = set(check_endpoint(endpoint)[1])
    for name, variant in variants.items():
        if isinstance(variant, dict):
            _, complaints = check_endpoint(variant_endpoint(endpoint, variant))
            yield from (
                (("variants", name, *keys), message) for keys, message in complaints if (keys, message) not in own
            )
