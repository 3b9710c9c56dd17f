-- What was served when a host was last asked, as certificates are compared.
select
    account,
    domain_name,
    address,
    {{ hexadecimal('x509_fingerprint_sha256') }} as fingerprint_sha256,
    {{ hexadecimal('x509_serial_number') }} as serial_number,
    coalesce(x509_issuer_common_name, x509_issuer_organization, x509_issuer) as issuer,
    x509_not_before as not_before,
    x509_not_after as not_after,
    trusted,
    trust_error,
    name_matches,
    error,
    answered_at,
    coalesce(answered_at, synced_at) as seen_at,
    synced_at,
    -- A sync that fails leaves what the last one saw.
    stale or {{ seconds_between('synced_at', now()) }} > {{ var('stale_after_hours') }} * 3600 as stale
from {{ current_rows('edge_certificates', 'domain_name') }} as seen
