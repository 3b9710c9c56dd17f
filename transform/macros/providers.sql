{# What all providers say: the rows of each one's `int_<provider>_<kind>`, and whose they are. #}
{% macro of_providers(kind) -%}
    {%- for provider in var('providers') %}
    select {{ cdn_certs.text("'" ~ provider ~ "'") }} as provider, mapped.*
    from {{ ref('int_' ~ provider ~ '_' ~ kind) }} as mapped
    {{- '\n    union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#
    The rows of a provider's streams: `int_<provider>_rows`. A stream without rows has one without an account.

    `streams` maps a stream to its `key`, to its `inventory` and `listing` where those are not its own, and to `tells_use` where other streams'
    certificates need it: see the model `streams`. A key of several columns is a list; the first one names what the rows are parts of, whose
    error concerns them all.
#}
{% macro stream_rows(streams) -%}
    {%- for stream, about in streams.items() %}
    select
        {{ cdn_certs.text("'" ~ stream ~ "'") }} as stream,
        {{ cdn_certs.text("'" ~ (about.inventory or stream) ~ "'") }} as inventory,
        {{ cdn_certs.text("'" ~ (about.listing or stream) ~ "'") }} as listing,
        {{ (about.tells_use or false) | lower }} as tells_use,
        seen.account,
        seen.row_key,
        seen.part_of,
        seen.synced_at
    from (select 1 as one) as always
    -- BigQuery wants an outer join to be by what is equal.
    left join (
        select
            1 as one,
            account,
            {{ row_key(about.key) }} as row_key,
            {{ about.key if about.key is string else about.key[0] }} as part_of,
            synced_at
        from {{ ref('stg_' ~ stream) }}
    ) as seen on always.one = seen.one
    {{- '\n    union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# What identifies a row in its account, as `sync_errors` names it: a column, or several. #}
{% macro row_key(key, prefix='') -%}
    {%- for column in ([key] if key is string else key) -%}
        {{ prefix ~ column }}{{ " || '/' || " if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# The rows of a stream that are current, each with `stale`: a subquery. #}
{% macro current_rows(stream, key, inventory=none) -%}
    (
        select seen.*, current_keys.stale
        from {{ ref('stg_' ~ stream) }} as seen
        inner join {{ ref('int_current_keys') }} as current_keys
            on current_keys.inventory = '{{ inventory or stream }}'
            and seen.account = current_keys.account
            and {{ row_key(key, 'seen.') }} = current_keys.row_key
    )
{%- endmacro %}

{#
    The wholes, such as zones, whose parts, such as certificates, were read when they were, or since: a subquery of their `account` and key.
    The error of a part has the key of the whole, or one that begins with it, as `whole/part`.
#}
{% macro whose_parts_were_read(stream, wholes, key) -%}
    (
        select wholes.account, wholes.{{ key }}
        from {{ wholes }} as wholes
        inner join (
            select account, max(synced_at) as synced_at
            from {{ ref('stg_syncs') }}
            where stream = '{{ stream }}' and complete
            group by 1
        ) as syncs
            on wholes.account = syncs.account
            and wholes.synced_at <= syncs.synced_at
        left join (
            select account, {{ dbt.split_part('key', "'/'", 1) }} as whole, max(synced_at) as synced_at
            from {{ ref('stg_sync_errors') }}
            where stream = '{{ stream }}'
            group by 1, 2
        ) as errors
            on wholes.account = errors.account
            and wholes.{{ key }} = errors.whole
            and wholes.synced_at <= errors.synced_at
        where errors.account is null
    )
{%- endmacro %}

{#
    The columns of `int_<provider>_certificates`: a row for each certificate or, where it is seen at several domains, for each of them.

    Named are those that the provider has: as they are called, or as `column='expression'`. The others are null, or as said here. With none
    named all are null: `{{ certificate_columns() }}` … is a provider that has no certificates.
#}
{% macro certificate_columns() -%}
    {%- set defaults = {
        'account': 'account',
        'identifier': kwargs.certificate_id or 'certificate_id',
        'seen_at': kwargs.identifier or kwargs.certificate_id or 'certificate_id',
        'dns_names_known': (kwargs.dns_names or 'dns_names') ~ ' is not null' if 'dns_names' in varargs or kwargs.dns_names else 'false',
        'in_use': 'true',
        'use_known': 'true',
        'stale': 'stale',
        'synced_at': 'synced_at',
    } -%}
    {{ cdn_certs.mapped_columns(varargs, kwargs, defaults, {
        'account': 'text',
        'identifier': 'text',
        'seen_at': 'text',
        'certificate_id': 'text',
        'name': 'text',
        'fingerprint_sha256': 'text',
        'serial_number': 'text',
        'subject_common_name': 'text',
        'issuer': 'text',
        'not_before': 'timestamp',
        'not_after': 'timestamp',
        'provider_not_after': 'timestamp',
        'chain_not_after': 'timestamp',
        'chain_complete': 'boolean',
        'public_key_algorithm': 'text',
        'public_key_bits': 'bigint',
        'public_key_curve': 'text',
        'signature_algorithm': 'text',
        'signature_hash': 'text',
        'self_signed': 'boolean',
        'dns_names': 'list',
        'dns_names_known': 'boolean',
        'provider_status': 'text',
        'renews_itself': 'boolean',
        'in_use': 'boolean',
        'use_known': 'boolean',
        'stale': 'boolean',
        'synced_at': 'timestamp',
    }) }}
{%- endmacro %}

{#
    The columns of `int_<provider>_domains`, in the same way: a row for each domain, or for each certificate of a domain.

    `source` is `served`, `related` or `covers`, as in `certificate_domains`; a domain that is only covered is not `in_use`, unless the
    provider says in which order it takes its certificates, and this is the first. With a source and no `identifier`, the domain has no
    certificate; without a source nobody knows. Then `reason` says why, as in `domains_without_certificate`; it is null where it is in
    `sync_errors`, or nobody asked.
#}
{% macro domain_columns() -%}
    {%- set defaults = {
        'account': 'account',
        'domain_name': 'domain_name',
        'in_use': 'true',
        'stale': 'stale',
        'synced_at': 'synced_at',
    } -%}
    {{ cdn_certs.mapped_columns(varargs, kwargs, defaults, {
        'account': 'text',
        'domain_name': 'text',
        'identifier': 'text',
        'source': 'text',
        'cname': 'text',
        'provider_status': 'text',
        'reason': 'text',
        'in_use': 'boolean',
        'stale': 'boolean',
        'synced_at': 'timestamp',
    }) }}
{%- endmacro %}

{# A list of expressions, each cast to its column's type. #}
{% macro mapped_columns(same, named, defaults, types) -%}
    {%- set defaults = defaults if same or named else {} -%}
    {%- for name in (same | list) + (named | list) if name not in types -%}
        {{ exceptions.raise_compiler_error("There is no column '" ~ name ~ "' that a provider could map: " ~ types | join(', ')) }}
    {%- endfor -%}
    {%- for name, type in types.items() %}
    {%- set expression = named[name] or (name if name in same else defaults[name]) or 'null' %}
    {{ expression if type == 'list' and expression != 'null' else cdn_certs.typed(expression, none, type) }} as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
