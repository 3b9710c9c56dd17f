-- Which domains have no certificate?
select provider, account, domain_name, reason, cname
from cdn_certs_marts.domains_without_certificate
order by provider, account, domain_name
