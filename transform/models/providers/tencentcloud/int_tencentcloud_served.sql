-- The domains of CDN and of EdgeOne, each with the certificates that it is configured with: with none, one row without.
with cdn as (
    select
        domains.*,
        coalesce(
            cert_id,
            x509_fingerprint_sha256,
            -- What was uploaded to the CDN alone is in no list, and nobody says what else serves it.
            case when coalesce(certificate, cert_name, {{ timestamp_text('cert_expire_time') }}) is not null then 'of cdn/' || domain end
        ) as identifier,
        lower(coalesce(status, 'online')) not in ('offline', 'closing', 'rejected') as is_online,
        lower(coalesce(https_switch, 'on')) <> 'off' and lower(coalesce(https_ssl_status, 'deployed')) <> 'closed' as has_https
    from {{ current_rows('tencentcloud_cdn_domains', 'domain') }} as domains
),

edgeone as (
    select
        domains.*,
        -- A status that nobody knows is not one that ends the service.
        lower(coalesce(domain_status, 'online')) not in ('offline', 'init') as is_online
    from {{ current_rows('tencentcloud_edgeone_domains', ['zone_id', 'domain_name']) }} as domains
),

named as (
    select
        edgeone.account,
        edgeone.zone_id,
        edgeone.domain_name,
        element.value as item,
        {{ json_field('element.value', 'cert_id') }} as identifier,
        lower(coalesce({{ json_field('element.value', 'status') }}, 'deployed')) as status
    from edgeone
    {{ unnest_list('certificate_list') }}
    where {{ json_field('element.value', 'cert_id') }} is not null
),

-- What is applied for, or was in vain, is not there yet.
applied as (
    select distinct account, zone_id, domain_name
    from named
    where status in ('applying', 'failed')
)

select
    'cdn' as product,
    domain as served_by,
    account,
    domain as domain_name,
    cname,
    identifier,
    cert_id as certificate_id,
    cert_name as name,
    x509_fingerprint_sha256 as fingerprint_sha256,
    x509_serial_number as serial_number,
    x509_subject_common_name as subject_common_name,
    coalesce(x509_issuer_common_name, x509_issuer_organization) as issuer,
    x509_not_before as not_before,
    coalesce(x509_not_after, {{ sane_end('cert_expire_time') }}) as not_after,
    {{ sane_end('cert_expire_time') }} as provider_not_after,
    x509_chain_not_after as chain_not_after,
    x509_chain_complete as chain_complete,
    {{ text('null') }} as algorithm,
    x509_public_key_algorithm as public_key_algorithm,
    x509_public_key_bits as public_key_bits,
    x509_public_key_curve as public_key_curve,
    x509_signature_algorithm as signature_algorithm,
    x509_signature_hash as signature_hash,
    x509_self_signed as self_signed,
    x509_subject_alternative_names as dns_names,
    x509_subject_alternative_names is not null and coalesce(x509_subject_alternative_names_complete, true) as dns_names_known,
    case lower(https_ssl_status) when 'deployed' then 'ok' else lower(https_ssl_status) end as provider_status,
    -- Without HTTPS it has none; what nobody says is unknown.
    case when identifier is not null or lower(https_switch) = 'off' then 'served' end as source,
    case when identifier is null and coalesce(lower(https_switch), '') <> 'off' then 'not_named' end as reason,
    is_online and (has_https or identifier is null) as in_use,
    stale,
    synced_at
from cdn
union all
select
    'edgeone' as product,
    edgeone.zone_id || '/' || edgeone.domain_name as served_by,
    edgeone.account,
    edgeone.domain_name,
    edgeone.cname,
    held.identifier,
    held.identifier as certificate_id,
    {{ json_field('held.item', 'alias') }} as name,
    null as fingerprint_sha256,
    null as serial_number,
    {{ json_field('held.item', 'common_name') }} as subject_common_name,
    null as issuer,
    {{ typed(json_field('held.item', 'effective_time'), 'text', 'timestamp') }} as not_before,
    {{ sane_end(typed(json_field('held.item', 'expire_time'), 'text', 'timestamp')) }} as not_after,
    {{ sane_end(typed(json_field('held.item', 'expire_time'), 'text', 'timestamp')) }} as provider_not_after,
    null as chain_not_after,
    null as chain_complete,
    {{ json_field('held.item', 'sign_algo') }} as algorithm,
    null as public_key_algorithm,
    null as public_key_bits,
    null as public_key_curve,
    null as signature_algorithm,
    null as signature_hash,
    null as self_signed,
    {{ typed(json_field('held.item', 'subject_alt_name'), 'text', 'list') }} as dns_names,
    {{ json_field('held.item', 'subject_alt_name') }} is not null as dns_names_known,
    case held.status when 'deployed' then 'ok' else held.status end as provider_status,
    case when held.identifier is not null or lower(edgeone.certificate_mode) = 'disable' then 'served' end as source,
    case
        when held.identifier is not null or lower(edgeone.certificate_mode) = 'disable' then null
        when applied.domain_name is not null then 'not_issued'
        else 'not_named'
    end as reason,
    -- One that is `issued` could not be bound.
    edgeone.is_online and coalesce(held.status, 'deployed') <> 'issued' as in_use,
    edgeone.stale,
    edgeone.synced_at
from edgeone
left join named as held
    on edgeone.account = held.account
    and edgeone.zone_id = held.zone_id
    and edgeone.domain_name = held.domain_name
    and held.status not in ('applying', 'failed')
left join applied
    on edgeone.account = applied.account
    and edgeone.zone_id = applied.zone_id
    and edgeone.domain_name = applied.domain_name
