{{ config(materialized='ephemeral') }}

with production as (
    select * from {{ ref('int_akamai_held') }} where network = 'production'
),

sni_names as (
    select account, certificate_id, element.value as domain_name, stale, synced_at
    from production
    {{ unnest_list('sni_names') }}
    where element.value is not null
),

-- A certificate is served for the names that visitors ask for (SNI); one that has none, or is a slot's, for its own.
names as (
    select * from sni_names
    union distinct
    select account, certificate_id, domain_name, stale, synced_at
    from (
        select account, certificate_id, common_name as domain_name, stale, synced_at from production where names is null
        union all
        select account, certificate_id, element.value as domain_name, stale, synced_at
        from production
        {{ unnest_list('names') }}
    ) as own
    where
        -- No address.
        {{ matches('domain_name', '.*[A-Za-z].*') }}
        and domain_name like '%.%'
        and domain_name not like '%:%'
        and domain_name not like '% %'
        and not exists (
            select 1
            from sni_names
            where sni_names.account = own.account and sni_names.certificate_id = own.certificate_id
        )
),

hostnames as (
    select
        listed.*,
        lower(hostname) as domain_name,
        -- Akamai's own: it renews them, and shows them nowhere.
        coalesce(production_cert_type = 'CPS_MANAGED', false) as is_of_cps
    from {{ current_rows('akamai_hostnames', ['network', 'hostname']) }} as listed
    where network = 'production'
),

-- A hostname is served with what is for it, or for all in its place.
served as (
    select hostnames.account, names.certificate_id, hostnames.hostname as domain_name, names.stale, names.synced_at
    from hostnames
    inner join names
        on hostnames.account = names.account
        and lower(names.domain_name)
        in (hostnames.domain_name, '*' || substr(hostnames.domain_name, {{ dbt.position("'.'", 'hostnames.domain_name') }}))
    where hostnames.is_of_cps
    union distinct
    select account, certificate_id, domain_name, stale, synced_at from names
),

-- Whose certificates were all read.
read_accounts as (
    select distinct account
    from {{ ref('stg_syncs') }}
    where stream = 'akamai_certificates' and complete
),

contracts as (
    select distinct account, contract_id from {{ ref('stg_akamai_enrollments') }}
),

others as (
    select
        hostnames.account,
        hostnames.hostname as domain_name,
        hostnames.production_cname_to as cname,
        case
            when not hostnames.is_of_cps then 'not_named'
            -- Of a contract that is not read, another one may have it.
            when read_accounts.account is not null and contracts.contract_id is not null then 'not_covered'
        end as reason,
        hostnames.stale,
        hostnames.synced_at
    from hostnames
    left join read_accounts on hostnames.account = read_accounts.account
    left join contracts
        on hostnames.account = contracts.account
        and hostnames.contract_id = contracts.contract_id
    where
        not hostnames.is_of_cps
        or not exists (
            select 1
            from served
            where served.account = hostnames.account and lower(served.domain_name) = hostnames.domain_name
        )
)

select
    {{ domain_columns(
        account='served.account',
        domain_name='served.domain_name',
        identifier='served.certificate_id',
        source="'served'",
        cname='max(hostnames.production_cname_to)',
        in_use=all_of('coalesce(hostnames.is_of_cps, true)'),
        stale=all_of('served.stale'),
        synced_at='max(served.synced_at)',
    ) }}
from served
left join hostnames
    on served.account = hostnames.account
    and lower(served.domain_name) = hostnames.domain_name
group by served.account, served.domain_name, served.certificate_id
union all
select {{ domain_columns('cname', 'reason', source="case when reason = 'not_covered' then 'served' end") }} from others
