{# Hexadecimal digits as all write them: in lower case, with nothing before or among them. #}
{% macro hexadecimal(column) -%}
    nullif({{ cdn_certs.without('lower(' ~ column ~ ')', '^0x|[^0-9a-z]') }}, '')
{%- endmacro %}

{#
    What a certificate is known by that nobody shows: its serial number and the second of its end.

    Null where that does not tell it from others. A public serial number has at least 64 random bits (CA/Browser Forum Baseline Requirements,
    7.1), of which the first digits may be zero; a shorter one is counted, and many authorities of one's own begin with 1.
#}
{% macro identifying_serial(serial_number, not_after) -%}
    {%- set serial = cdn_certs.without_leading(cdn_certs.hexadecimal(serial_number), '0') -%}
    case
        when length({{ serial }}) >= 14
            then 'serial ' || {{ serial }} || ' until ' || {{ cdn_certs.timestamp_text(cdn_certs.whole_second(not_after)) }}
    end
{%- endmacro %}
