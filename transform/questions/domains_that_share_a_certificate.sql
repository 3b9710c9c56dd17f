-- Which domains share a certificate, and so fail together?
select
    certificate_key,
    count(*) as domains,
    string_agg(domain_name, ', ' order by domain_name) as domain_names
from cdn_certs_marts.certificate_domains
where in_use
group by certificate_key
having count(*) > 1
order by domains desc, certificate_key
