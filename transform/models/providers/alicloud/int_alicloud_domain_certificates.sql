-- What is known of the certificate that each product holds for each domain: by the operation that tells it, which knows most, or
-- where that was not read, or is not read any more, by the list of HTTPS domains.
{%- set products = {
    'cdn': {
        'domains': 'alicloud_domains',
        'certificates': 'certificate_info',
        'https_domains': 'alicloud_https_domains',
        'chain': 'server_certificate',
        'https_status': 'server_certificate_status',
        'start': 'info.cert_start_time',
    },
    'dcdn': {
        'domains': 'alicloud_dcdn_domains',
        'certificates': 'alicloud_dcdn_certificates',
        'https_domains': 'alicloud_dcdn_https_domains',
        'chain': 'ssl_pub',
        'https_status': 'ssl_protocol',
        'start': 'null',
    },
} %}
with certificate_info as (
    {%- for product, has in products.items() %}
    select
        {{ text("'" ~ product ~ "'") }} as product,
        info.account,
        info.domain_name,
        coalesce(info.x509_fingerprint_sha256, info.cert_id, info.cert_name) as identifier,
        info.cert_id as certificate_id,
        info.cert_name as name,
        info.x509_fingerprint_sha256 as fingerprint_sha256,
        info.x509_serial_number as serial_number,
        coalesce(info.x509_subject_common_name, info.cert_domain_name) as subject_common_name,
        coalesce(info.x509_issuer_common_name, info.x509_issuer_organization, info.cert_org) as issuer,
        coalesce(info.x509_not_before, {{ has.start }}) as not_before,
        coalesce(info.x509_not_after, {{ sane_end('info.cert_expire_time') }}) as not_after,
        {{ sane_end('info.cert_expire_time') }} as provider_not_after,
        info.x509_chain_not_after as chain_not_after,
        info.x509_chain_complete as chain_complete,
        info.x509_public_key_algorithm as public_key_algorithm,
        info.x509_public_key_bits as public_key_bits,
        info.x509_public_key_curve as public_key_curve,
        info.x509_signature_algorithm as signature_algorithm,
        info.x509_signature_hash as signature_hash,
        info.x509_self_signed as self_signed,
        info.x509_subject_alternative_names as dns_names,
        -- A certificate that was read and has no names is for no domain; of one that was not read nobody knows.
        info.x509_fingerprint_sha256 is not null
            and info.x509_subject_alternative_names is not null
            and coalesce(info.x509_subject_alternative_names_complete, true) as dns_names_known,
        coalesce(
            info.x509_fingerprint_sha256,
            info.{{ has.chain }},
            info.cert_id,
            info.cert_name,
            info.x509_serial_number,
            {{ timestamp_text('info.x509_not_after') }},
            {{ timestamp_text('info.cert_expire_time') }}
        ) is not null as has_certificate,
        info.{{ has.https_status }} as https_status,
        info.stale,
        info.synced_at
    from {{ current_rows(has.certificates, 'domain_name') }} as info
    {{- '\n    union all' if not loop.last }}
    {%- endfor %}
),

listed_https_domains as (
    {%- for product, has in products.items() %}
    select {{ text("'" ~ product ~ "'") }} as product, https.*
    from {{ current_rows(has.https_domains, 'domain_name') }} as https
    {{- '\n    union all' if not loop.last }}
    {%- endfor %}
),

https_domains as (
    select
        https.product,
        https.account,
        https.domain_name,
        https.cert_name as identifier,
        {{ text('null') }} as certificate_id,
        https.cert_name as name,
        {{ text('null') }} as fingerprint_sha256,
        {{ text('null') }} as serial_number,
        https.cert_common_name as subject_common_name,
        {{ text('null') }} as issuer,
        https.cert_start_time as not_before,
        {{ sane_end('https.cert_expire_time') }} as not_after,
        {{ sane_end('https.cert_expire_time') }} as provider_not_after,
        cast(null as timestamp) as chain_not_after,
        cast(null as boolean) as chain_complete,
        {{ text('null') }} as public_key_algorithm,
        cast(null as bigint) as public_key_bits,
        {{ text('null') }} as public_key_curve,
        {{ text('null') }} as signature_algorithm,
        {{ text('null') }} as signature_hash,
        cast(null as boolean) as self_signed,
        {{ typed('null', none, 'list') }} as dns_names,
        false as dns_names_known,
        coalesce(https.cert_name, https.cert_common_name, {{ timestamp_text('https.cert_expire_time') }}) is not null as has_certificate,
        'on' as https_status,
        https.stale,
        https.synced_at
    from listed_https_domains as https
    left join certificate_info
        on https.product = certificate_info.product
        and https.account = certificate_info.account
        and https.domain_name = certificate_info.domain_name
    where
        certificate_info.domain_name is null
        or (certificate_info.synced_at < https.synced_at and not certificate_info.stale)
),

both_streams as (
    select certificate_info.*
    from certificate_info
    left join https_domains
        on certificate_info.product = https_domains.product
        and certificate_info.account = https_domains.account
        and certificate_info.domain_name = https_domains.domain_name
    where https_domains.domain_name is null
    union all
    select * from https_domains
),

-- A name is a label, which people use again. Where the certificate itself was not read, those of one name that are known to
-- differ are several: the one that ends last has the name alone.
namesakes as (
    select
        both_streams.*,
        dense_rank() over (
            partition by account, identifier, fingerprint_sha256
            order by not_after desc nulls last, not_before desc nulls last, lower(subject_common_name)
        ) as namesake
    from both_streams
),

-- What other streams said of the domain, perhaps before.
said_of_https as (
    {%- for product, has in products.items() %}
    select {{ text("'" ~ product ~ "'") }} as product, https.*
    from {{ ref('stg_' ~ has.https_domains) }} as https
    {{- '\n    union all' if not loop.last }}
    {%- endfor %}
),

said_of_domains as (
    {%- for product, has in products.items() %}
    select {{ text("'" ~ product ~ "'") }} as product, account, domain_name, domain_status, ssl_protocol, synced_at
    from {{ ref('stg_' ~ has.domains) }}
    {{- '\n    union all' if not loop.last }}
    {%- endfor %}
)

select
    namesakes.product,
    namesakes.account,
    namesakes.domain_name,
    case
        when namesakes.fingerprint_sha256 is not null or namesakes.namesake = 1 then namesakes.identifier
        else namesakes.identifier
            || '/' || coalesce(lower(namesakes.subject_common_name), '')
            || '/' || coalesce({{ timestamp_text('namesakes.not_before') }}, '')
            || '/' || coalesce({{ timestamp_text('namesakes.not_after') }}, '')
    end as identifier,
    namesakes.certificate_id,
    namesakes.name,
    namesakes.fingerprint_sha256,
    namesakes.serial_number,
    namesakes.subject_common_name,
    namesakes.issuer,
    namesakes.not_before,
    namesakes.not_after,
    -- What the list says counts where the certificate's own answer says nothing, or is old; its zone is not documented, so that
    -- what differs by less than a day may be the same.
    case
        when namesakes.not_after is null then {{ sane_end('https.cert_expire_time') }}
        when (namesakes.provider_not_after is null or namesakes.stale)
            and {{ seconds_between(sane_end('https.cert_expire_time'), 'namesakes.not_after') }} > 86400
            then https.cert_expire_time
        else namesakes.provider_not_after
    end as provider_not_after,
    namesakes.chain_not_after,
    namesakes.chain_complete,
    namesakes.public_key_algorithm,
    namesakes.public_key_bits,
    namesakes.public_key_curve,
    namesakes.signature_algorithm,
    namesakes.signature_hash,
    namesakes.self_signed,
    namesakes.dns_names,
    namesakes.dns_names_known,
    namesakes.has_certificate,
    lower(https.cert_status) as provider_status,
    -- A status that nobody knows is not one that ends the service.
    lower(coalesce(namesakes.https_status, domains.ssl_protocol, 'on')) <> 'off'
        and lower(coalesce(domains.domain_status, 'online')) not in ('offline', 'stopping', 'deleting', 'check_failed') as in_use,
    namesakes.stale,
    namesakes.synced_at
from namesakes
left join said_of_https as https
    on namesakes.product = https.product
    and namesakes.account = https.account
    and namesakes.domain_name = https.domain_name
    and namesakes.synced_at <= https.synced_at
left join said_of_domains as domains
    on namesakes.product = domains.product
    and namesakes.account = domains.account
    and namesakes.domain_name = domains.domain_name
    and namesakes.synced_at <= domains.synced_at
