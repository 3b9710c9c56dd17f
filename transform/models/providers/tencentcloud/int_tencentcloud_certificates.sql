{{ config(materialized='ephemeral') }}

-- Those of the list of certificates, and those that only a domain of CDN or EdgeOne tells of.
with listed as (
    select
        *,
        -- What is ordered, and not issued, is no certificate.
        cert_end_time is not null or status in (1, 3, 10) as is_issued
    from {{ current_rows('tencentcloud_certificates', 'certificate_id') }} as seen
),

held as (
    select
        account,
        certificate_id as identifier,
        certificate_id as seen_at,
        certificate_id,
        coalesce(alias, domain) as name,
        {{ text('null') }} as fingerprint_sha256,
        {{ text('null') }} as serial_number,
        domain as subject_common_name,
        product_zh_name as issuer,
        cert_begin_time as not_before,
        {{ sane_end('cert_end_time') }} as not_after,
        {{ sane_end('cert_end_time') }} as provider_not_after,
        cast(null as timestamp) as chain_not_after,
        cast(null as boolean) as chain_complete,
        encrypt_algorithm as algorithm,
        {{ text('null') }} as public_key_algorithm,
        cast(null as bigint) as public_key_bits,
        {{ text('null') }} as public_key_curve,
        {{ text('null') }} as signature_algorithm,
        {{ text('null') }} as signature_hash,
        cast(null as boolean) as self_signed,
        coalesce(subject_alt_name, cert_sans) as dns_names,
        coalesce(subject_alt_name, cert_sans) is not null as dns_names_known,
        case status
            when 1 then 'ok'
            when 3 then 'expired'
            when 7 then 'cancelled'
            when 9 then 'revoking'
            when 10 then 'revoked'
            when 14 then 'refunded'
        end as provider_status,
        case when lower({{ reserved('from') }}) = 'upload' then false else auto_renew_flag = 1 end as renews_itself,
        true as in_use,
        -- What checks clients serves no domain, and what is replaced elsewhere may serve something there.
        lower(coalesce(certificate_type, 'svr')) <> 'ca'
            and coalesce({{ without(text('hosting_resource_types'), '"(cdn|teo)"|[^a-z]') }}, '') = '' as use_known,
        stale,
        synced_at
    from listed
    where is_issued
    union all
    select
        account,
        identifier,
        product || '/' || served_by as seen_at,
        certificate_id,
        name,
        fingerprint_sha256,
        serial_number,
        subject_common_name,
        issuer,
        not_before,
        not_after,
        provider_not_after,
        chain_not_after,
        chain_complete,
        algorithm,
        public_key_algorithm,
        public_key_bits,
        public_key_curve,
        signature_algorithm,
        signature_hash,
        self_signed,
        dns_names,
        dns_names_known,
        provider_status,
        null as renews_itself,
        in_use,
        true as use_known,
        stale,
        synced_at
    from {{ ref('int_tencentcloud_served') }} as served
    where
        identifier is not null
        and not exists (
            select 1
            from listed
            where listed.is_issued and listed.account = served.account and listed.certificate_id = served.identifier
        )
)

select
    {{ certificate_columns(
        'identifier',
        'seen_at',
        'certificate_id',
        'name',
        'fingerprint_sha256',
        'serial_number',
        'subject_common_name',
        'issuer',
        'not_before',
        'not_after',
        'provider_not_after',
        'chain_not_after',
        'chain_complete',
        'public_key_curve',
        'signature_algorithm',
        'signature_hash',
        'self_signed',
        'dns_names',
        'dns_names_known',
        'provider_status',
        'renews_itself',
        'in_use',
        'use_known',
        public_key_algorithm="coalesce(
            public_key_algorithm,
            case when upper(algorithm) like 'RSA%' then 'RSA' when upper(algorithm) like 'EC%' then 'EC' when upper(algorithm) like 'SM2%' then 'SM2' end
        )",
        public_key_bits="coalesce(
            public_key_bits,
            case when " ~ matches('upper(algorithm)', '(RSA|ECC?|ECDSA)[ _-]*[0-9]{2,5}') ~ " then cast(" ~ without('algorithm', '[^0-9]') ~ " as bigint) end
        )",
    ) }}
from held
