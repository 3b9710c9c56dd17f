-- What lives longer than publicly trusted certificates may?
select
    certificates.provider,
    certificates.account,
    certificates.name,
    certificates.issuer,
    compliance.not_before,
    compliance.lifetime_days,
    compliance.limit_days
from cdn_certs_marts.lifetime_compliance as compliance
inner join cdn_certs_marts.certificates as certificates on compliance.certificate_key = certificates.certificate_key
where not compliance.compliant
order by compliance.lifetime_days desc, certificates.certificate_key
