{{ staged('alicloud_dcdn_https_domains', key=['account', 'domain_name'], columns={
    'account': 'text',
    'domain_name': 'text',
    'cert_name': 'text',
    'cert_common_name': 'text',
    'cert_type': 'text',
    'cert_status': 'text',
    'cert_start_time': 'timestamp',
    'cert_expire_time': 'timestamp',
    'cert_update_time': 'timestamp',
    'synced_at': 'timestamp',
}) }}
