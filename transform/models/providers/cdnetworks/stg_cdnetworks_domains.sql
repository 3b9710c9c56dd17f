{{ staged('cdnetworks_domains', key=['account', 'domain_name'], columns={
    'account': 'text',
    'domain_name': 'text',
    'domain_id': 'text',
    'service_type': 'text',
    'cname': 'text',
    'status': 'text',
    'cdn_service_status': 'boolean',
    'enabled': 'boolean',
    'last_modified': 'timestamp',
    'synced_at': 'timestamp',
}) }}
