{{ staged('globex_deployments', key=['account', 'certificate_id'], columns={
    'account': 'text',
    'certificate_id': 'text',
    'domains': 'list',
    'state': 'text',
    'synced_at': 'timestamp',
}) }}
