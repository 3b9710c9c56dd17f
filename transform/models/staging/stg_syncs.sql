{{ staged('syncs', key=['synced_at', 'stream', 'account'], columns={
    'synced_at': 'timestamp',
    'provider': 'text',
    'account': 'text',
    'stream': 'text',
    'listed': 'bigint',
    'read': 'bigint',
    'without_certificate': 'bigint',
    'skipped': 'bigint',
    'failed': 'bigint',
    'complete': 'boolean',
    'started_at': 'timestamp',
    'ended_at': 'timestamp',
}) }}
