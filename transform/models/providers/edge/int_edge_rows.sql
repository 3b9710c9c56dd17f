{{ config(materialized='ephemeral') }}

{{ stream_rows({
    'edge_certificates': {'key': 'domain_name', 'listing': 'TLSHandshake'},
}) }}
