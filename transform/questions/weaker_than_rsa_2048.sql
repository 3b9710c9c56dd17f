-- What is weaker than RSA-2048, by its key or by its signature?
select
    certificates.provider,
    certificates.account,
    certificates.name,
    weak.algorithm_kind,
    weak.algorithm,
    weak.bits,
    certificates.not_after,
    certificates.domain_count
from cdn_certs_marts.certificate_algorithms as weak
inner join cdn_certs_marts.certificates as certificates on weak.certificate_key = certificates.certificate_key
where weak.strength = 'deprecated'
order by certificates.certificate_key, weak.algorithm_kind
