{{ config(materialized='ephemeral') }}

-- The same domain may be of a distribution and of the one that stages its next state.
select
    {{ domain_columns(
        identifier='certificate',
        source='min(source)',
        cname='max(cname)',
        reason='max(reason)',
        in_use='bool_or(in_use)',
        stale='bool_and(stale)',
        synced_at='max(synced_at)',
    ) }}
from {{ ref('int_aws_served_domains') }}
group by account, domain_name, certificate
