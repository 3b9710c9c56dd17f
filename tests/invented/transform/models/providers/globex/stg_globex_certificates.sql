{{ staged('globex_certificates', key=['account', 'certificate_id'], columns={
    'account': 'text',
    'certificate_id': 'text',
    'name': 'text',
    'hosts': 'list',
    'expires_at': 'timestamp',
    'synced_at': 'timestamp',
}) }}
