{{ config(materialized='ephemeral') }}

{{ stream_rows({
    'akamai_certificates': {'key': ['enrollment_id', 'network', 'key_algorithm'], 'listing': 'ListActiveCertificates'},
    'akamai_enrollments': {'key': 'enrollment_id', 'listing': 'ListEnrollments'},
    'akamai_hostnames': {'key': ['network', 'hostname'], 'listing': 'ListHostnames'},
}) }}
