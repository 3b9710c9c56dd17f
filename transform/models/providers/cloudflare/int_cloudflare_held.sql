-- The certificates of packs and of custom hostnames, each once for each of its holders. What was deleted, and a backup that waits for
-- the authority of the other to fail, serves nobody: it is in the streams alone.
{%- set unused = "('backup_issued', 'deactivating', 'deleted', 'deletion_timed_out', 'inactive', 'pending_cleanup', 'pending_deletion')" %}
{%- set waiting -%}
(
    'deployment_timed_out', 'holding_deployment', 'initializing', 'initializing_timed_out', 'issuance_timed_out', 'pending_deployment',
    'pending_issuance', 'pending_validation', 'staging_active', 'staging_deployment', 'validation_timed_out'
)
{%- endset %}
with zones as (
    select
        account,
        zone_id,
        lower(name) as zone_name,
        -- A status that nobody knows is not one that ends the service.
        not coalesce(paused, false)
            and not coalesce(dns_only, false)
            and lower(coalesce(status, 'active')) not in ('initializing', 'moved', 'pending') as serves
    from {{ current_rows('cloudflare_zones', 'zone_id') }} as listed
),

packs as (
    select listed.*, element.value as item
    from {{ current_rows('cloudflare_certificate_packs', ['zone_id', 'pack_id']) }} as listed
    {{ unnest_list('certificates') }}
),

hostnames as (
    select
        listed.*,
        coalesce(ssl_id, custom_hostname_id) as holder,
        case
            when ssl_certificate_authority is null and coalesce({{ timestamp_text('ssl_expires_on') }}, ssl_serial_number) is not null then 'mh_custom'
            else 'managed_hostname'
        end as type,
        -- It is for its hostname, and for what is below where that is said.
        case
            when ssl_wildcard then {{ list_of(['hostname', "'*.' || hostname"]) }}
            else {{ list_of(['hostname']) }}
        end as own_names,
        lower(coalesce(listed.status, 'active')) not in (
            'blocked', 'deleted', 'moved', 'pending', 'pending_deletion', 'pending_provisioned', 'provisioned',
            'test_blocked', 'test_failed', 'test_pending'
        ) as serves
    from {{ current_rows('cloudflare_custom_hostnames', ['zone_id', 'custom_hostname_id']) }} as listed
    where ssl_status is not null
),

issued as (
    select hostnames.*, element.value as item
    from hostnames
    {{ unnest_list('ssl_certificates') }}
),

-- What an uploaded certificate says of itself; of another one nobody knows the end.
plain as (
    select hostnames.*, '{}' as item
    from hostnames
    where ssl_certificates is null and (type = 'mh_custom' or lower(ssl_status) not in {{ waiting }})
),

held as (
    select
        account,
        zone_id,
        pack_id as holder,
        type,
        {{ text('null') }} as hostname,
        lower(status) as holder_status,
        lower(coalesce({{ json_field('item', 'status') }}, status)) as status,
        validation_errors is not null as failing,
        true as serves,
        {{ json_field('item', 'id') }} as certificate_id,
        {{ json_field('item', 'issuer') }} as issuer,
        {{ json_field('item', 'signature') }} as signature,
        {{ text('null') }} as serial_number,
        {{ text('null') }} as fingerprint_sha256,
        cast(null as timestamp) as not_before,
        {{ typed(json_field('item', 'expires_on'), 'text', 'timestamp') }} as not_after,
        {{ typed(json_field('item', 'uploaded_on'), 'text', 'timestamp') }} as ordered_at,
        coalesce({{ typed(json_field('item', 'hosts'), 'text', 'list') }}, hosts) as dns_names,
        stale,
        synced_at
    from packs
    union all
    select
        account,
        zone_id,
        holder,
        type,
        hostname,
        lower(ssl_status) as holder_status,
        lower(ssl_status) as status,
        ssl_validation_errors is not null as failing,
        serves,
        {{ json_field('item', 'id') }} as certificate_id,
        coalesce({{ json_field('item', 'issuer') }}, ssl_issuer) as issuer,
        coalesce({{ json_field('item', 'signature') }}, ssl_signature) as signature,
        lower(coalesce({{ json_field('item', 'serial_number') }}, ssl_serial_number)) as serial_number,
        lower({{ json_field('item', 'fingerprint_sha256') }}) as fingerprint_sha256,
        {{ typed(json_field('item', 'issued_on'), 'text', 'timestamp') }} as not_before,
        coalesce({{ typed(json_field('item', 'expires_on'), 'text', 'timestamp') }}, ssl_expires_on) as not_after,
        coalesce({{ typed(json_field('item', 'issued_on'), 'text', 'timestamp') }}, ssl_uploaded_on, created_at) as ordered_at,
        coalesce(ssl_hosts, own_names) as dns_names,
        stale,
        synced_at
    from (select * from issued union all select * from plain) as hostname_certificates
)

select
    held.account,
    held.zone_id,
    zones.zone_name,
    held.holder,
    held.holder || coalesce('/' || held.certificate_id, '') as identifier,
    held.certificate_id,
    coalesce(held.hostname, coalesce(zones.zone_name || ' ', '') || held.type) as name,
    held.type,
    held.issuer,
    held.serial_number,
    held.fingerprint_sha256,
    -- As X.509 and all others call it.
    case
        when held.signature like 'ECDSAWith%' then 'ecdsa-with-' || substr(held.signature, 10)
        when {{ matches('held.signature', 'SHA[0-9]+WithRSA') }} then 'sha' || substr(held.signature, 4) || 'Encryption'
        else held.signature
    end as signature_algorithm,
    held.not_before,
    held.not_after,
    max(held.ordered_at) over (partition by held.account, held.zone_id, held.holder) as ordered_at,
    held.dns_names,
    case
        when held.status = 'active' and held.failing then 'validation_failed'
        when held.status = 'active' then 'ok'
        else held.status
    end as provider_status,
    case
        when held.type in ('advanced', 'managed_hostname', 'total_tls', 'universal') then true
        when held.type in ('keyless', 'legacy_custom', 'mh_custom', 'sni_custom') then false
    end as renews_itself,
    coalesce(held.status not in {{ waiting }}, true) and held.serves and coalesce(zones.serves, true) as in_use,
    held.stale,
    held.synced_at
from held
left join zones
    on held.account = zones.account
    and held.zone_id = zones.zone_id
where
    coalesce(held.holder_status not in {{ unused }}, true)
    and coalesce(held.status not in {{ unused }}, true)
