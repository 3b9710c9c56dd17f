-- The certificates that an account holds beside those of its domains: at sites of ESA, and in CAS, which does not say what serves them.
with held as (
    select
        'esa' as product,
        held.account,
        held.site_id || '/' || held.id as held_id,
        held.site_id,
        held.cas_id as certificate_id,
        held.name,
        {{ hexadecimal('held.fingerprint_sha256') }} as fingerprint_sha256,
        {{ hexadecimal('held.serial_number') }} as serial_number,
        held.common_name,
        coalesce(held.issuer_cn, held.issuer) as issuer,
        held.not_before,
        {{ sane_end('held.not_after') }} as not_after,
        case lower(held.pub_alg) when 'ecdsa' then 'EC' else held.pub_alg end as public_key_algorithm,
        held.sig_alg as signature_algorithm,
        held.san as dns_names,
        case lower(held.status) when 'expiring' then 'expire_soon' when 'issued' then 'ok' else lower(held.status) end as provider_status,
        held.stale,
        held.synced_at
    from {{ current_rows('alicloud_esa_certificates', ['site_id', 'id']) }} as held
    -- What is applied for, or was in vain, is not there yet.
    where
        lower(coalesce(held.status, '')) not in ('applying', 'applyfailed', 'canceled')
        or coalesce(held.fingerprint_sha256, held.serial_number, {{ timestamp_text('held.not_after') }}) is not null
    union all
    select
        'cas',
        held.account,
        held.certificate_id,
        null,
        held.certificate_id,
        held.name,
        {{ hexadecimal('held.sha2') }},
        {{ hexadecimal('held.serial_no') }},
        held.common_name,
        held.issuer,
        -- Of a day nobody knows the zone: it begins in China 8 hours before it does in UTC, and a certificate may end as soon as that.
        cast(held.start_date as timestamp),
        {{ hours_before(sane_end('cast(held.end_date as timestamp)'), 8) }},
        null,
        null,
        held.sans,
        case when held.expired then 'expired' when not held.expired then 'ok' end,
        held.stale,
        held.synced_at
    from {{ current_rows('alicloud_cas_certificates', 'certificate_id') }} as held
),

-- By the provider's identifier, where one of the two does not show the certificate itself.
at_domains as (
    select
        held.account,
        held.certificate_id,
        held.fingerprint_sha256,
        coalesce(max(asked.fingerprint_sha256), min(asked.identifier)) as identifier
    from (select distinct account, certificate_id, fingerprint_sha256 from held) as held
    inner join {{ ref('int_alicloud_domain_certificates') }} as asked
        on held.account = asked.account
        and held.certificate_id = asked.certificate_id
    where
        asked.has_certificate
        and coalesce(asked.fingerprint_sha256, held.fingerprint_sha256, '') = coalesce(held.fingerprint_sha256, asked.fingerprint_sha256, '')
    group by 1, 2, 3
),

identified as (
    select
        held.*,
        coalesce(at_domains.identifier, held.fingerprint_sha256, held.certificate_id, held.held_id) as identifier
    from held
    left join at_domains
        on held.account = at_domains.account
        and held.certificate_id = at_domains.certificate_id
        and coalesce(held.fingerprint_sha256, '') = coalesce(at_domains.fingerprint_sha256, '')
),

-- Those who know it to the second, and how it is served, say it.
known as (
    select account, identifier, {{ any_of("place = 'domain'") }} as at_domain
    from (
        select account, identifier, 'domain' as place
        from {{ ref('int_alicloud_domain_certificates') }}
        where has_certificate
        union all
        select account, identifier, 'site' as place
        from identified
        where product = 'esa'
    ) as places
    group by 1, 2
)

select
    identified.*,
    sites.site_name,
    -- A status that nobody knows is not one that ends the service.
    identified.product = 'esa'
        and lower(coalesce(sites.status, 'active')) not in ('pending', 'offline', 'moved') as in_use,
    known.identifier is null or (identified.product = 'esa' and not known.at_domain) as is_shown
from identified
left join known
    on identified.account = known.account
    and identified.identifier = known.identifier
left join {{ ref('stg_alicloud_esa_sites') }} as sites
    on identified.account = sites.account
    and identified.site_id = sites.site_id
    and identified.synced_at <= sites.synced_at
