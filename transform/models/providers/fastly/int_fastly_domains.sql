{{ config(materialized='ephemeral') }}

with domains as (
    select * from {{ current_rows('fastly_tls_domains', 'domain_name') }} as listed
),

activations as (
    select domains.account, domains.domain_name, element.value as certificate_id, domains.stale, domains.synced_at
    from domains
    {{ unnest_list('tls_activations', field='tls_certificate') }}
),

-- A certificate of Platform TLS serves all its domains, any other one those that are activated.
bulk as (
    select held.account, element.value as domain_name, held.certificate_id, held.stale, held.synced_at
    from {{ current_rows('fastly_tls_certificates', 'certificate_id') }} as held
    {{ unnest_list('tls_domains') }}
    where held.kind = 'bulk' and held.deleted_at is null
),

served as (
    select account, domain_name, certificate_id, {{ all_of('stale') }} as stale, max(synced_at) as synced_at
    from (select * from activations union all select * from bulk) as either
    where certificate_id is not null and domain_name is not null
    group by 1, 2, 3
),

-- Whose certificates were all read, those of Platform TLS among them.
read_accounts as (
    select distinct account
    from {{ ref('stg_syncs') }}
    where stream = 'fastly_tls_certificates' and complete
),

-- Whose certificate is ordered, and not there yet.
ordered as (
    select distinct domains.account, domains.domain_name
    from domains
    {{ unnest_list('tls_subscriptions') }}
    inner join {{ ref('stg_fastly_tls_subscriptions') }} as subscriptions
        on domains.account = subscriptions.account
        and element.value = subscriptions.subscription_id
    where lower(subscriptions.state) in ('pending', 'processing')
),

-- Without an activation a domain has no certificate; with one that does not say which, nobody knows.
others as (
    select
        domains.account,
        domains.domain_name,
        case
            when activated.domain_name is not null then 'not_named'
            when read_accounts.account is not null then case when ordered.domain_name is not null then 'not_issued' else 'none' end
        end as reason,
        domains.stale,
        domains.synced_at
    from domains
    left join served on domains.account = served.account and domains.domain_name = served.domain_name
    left join (select distinct account, domain_name from activations) as activated
        on domains.account = activated.account
        and domains.domain_name = activated.domain_name
    left join ordered
        on domains.account = ordered.account
        and domains.domain_name = ordered.domain_name
    left join read_accounts on domains.account = read_accounts.account
    where served.certificate_id is null
)

select {{ domain_columns(identifier='certificate_id', source="'served'") }} from served
union all
select {{ domain_columns('reason', source="case when reason <> 'not_named' then 'served' end") }} from others
