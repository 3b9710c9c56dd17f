{{ config(materialized='ephemeral') }}

{{ stream_rows({
    'cloudflare_zones': {'key': 'zone_id', 'listing': 'ListZones'},
    'cloudflare_certificate_packs': {'key': ['zone_id', 'pack_id'], 'listing': 'ListZones'},
    'cloudflare_custom_hostnames': {'key': ['zone_id', 'custom_hostname_id'], 'listing': 'ListZones'},
}) }}
