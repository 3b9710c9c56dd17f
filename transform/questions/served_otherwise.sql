-- What does the edge serve otherwise than configured, and how many hours does that still hold?
select
    domain_name,
    provider,
    account,
    certificate_name,
    verdict,
    floor(served_for) as whole_hours_left,
    trust_error,
    error
from cdn_certs_marts.edge_drift
where verdict not in ('same', 'not_compared')
order by not_after, domain_name, provider, account, certificate_key
