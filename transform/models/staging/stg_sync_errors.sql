{{ staged('sync_errors', key=['synced_at', 'stream', 'account', 'key'], columns={
    'synced_at': 'timestamp',
    'provider': 'text',
    'account': 'text',
    'stream': 'text',
    'operation': 'text',
    'key': 'text',
    'reach': 'text',
    'code': 'text',
    'message': 'text',
    'request_id': 'text',
    'occurred_at': 'timestamp',
}) }}
