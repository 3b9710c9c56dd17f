{{ config(materialized='ephemeral') }}

{# SHA256-RSA and ECDSA-SHA256, as Go names them too, by their names in the RFCs. #}
{%- set signature_algorithm -%}
    case
        when {{ matches('held.signature_algorithm', 'SHA[0-9]+-RSA') }}
            then 'sha' || replace(substr(held.signature_algorithm, 4), '-RSA', 'WithRSAEncryption')
        when {{ matches('held.signature_algorithm', 'ECDSA-SHA[0-9]+') }} then 'ecdsa-with-' || substr(held.signature_algorithm, 7)
        else held.signature_algorithm
    end
{%- endset -%}

-- No serial number: its base is not documented, and read in another one it could be another certificate's.
select
    {{ certificate_columns(
        account='held.account',
        certificate_id='held.certificate_id',
        name='held.name',
        subject_common_name='held.issued_to',
        issuer='held.issuer',
        not_before='held.not_before',
        not_after='held.not_after',
        provider_not_after='held.not_after',
        signature_algorithm=signature_algorithm,
        dns_names='held.tls_domains',
        provider_status='lower(subscriptions.state)',
        renews_itself="held.kind = 'managed'",
        stale='held.stale',
        synced_at='held.synced_at',
    ) }}
from {{ current_rows('fastly_tls_certificates', 'certificate_id') }} as held
-- Not what it said before.
left join {{ ref('stg_fastly_tls_subscriptions') }} as subscriptions
    on held.account = subscriptions.account
    and held.tls_subscription = subscriptions.subscription_id
    and held.synced_at <= subscriptions.synced_at
where held.deleted_at is null
