with domains as (
    select distinct certificate_key, domain_name
    from {{ ref('certificate_domains') }}
    where in_use
)

select
    algorithms.algorithm_kind,
    algorithms.algorithm,
    algorithms.bits,
    algorithms.curve,
    algorithms.hash,
    algorithms.class,
    algorithms.strength,
    algorithms.quantum,
    cast(count(distinct algorithms.certificate_key) as integer) as certificates,
    cast(count(distinct certificates.provider || '/' || certificates.account || '/' || domains.domain_name) as integer) as domains
from {{ ref('certificate_algorithms') }} as algorithms
inner join {{ ref('certificates') }} as certificates on algorithms.certificate_key = certificates.certificate_key
left join domains on algorithms.certificate_key = domains.certificate_key
group by 1, 2, 3, 4, 5, 6, 7, 8
