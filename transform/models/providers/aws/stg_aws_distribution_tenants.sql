{{ staged('aws_distribution_tenants', key=['account', 'tenant_id'], columns={
    'account': 'text',
    'tenant_id': 'text',
    'arn': 'text',
    'distribution_id': 'text',
    'name': 'text',
    'domains': 'list',
    'certificate_arn': 'text',
    'enabled': 'boolean',
    'status': 'text',
    'created_time': 'timestamp',
    'last_modified_time': 'timestamp',
    'synced_at': 'timestamp',
}) }}
