{{ staged('fastly_tls_domains', key=['account', 'domain_name'], columns={
    'account': 'text',
    'domain_name': 'text',
    'tls_activations': 'list',
    'tls_certificates': 'list',
    'tls_subscriptions': 'list',
    'synced_at': 'timestamp',
}) }}
